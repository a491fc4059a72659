#!/bin/bash
# -*- mode: sh -*-
# App: notes
   # indented comment

mkdir -p ./notes/files ./cache   # where it lives

cat > docker-compose.yml << 'EOF'
# compose file
version: "3" # old key

services: # all
  # the one
  notes: # name

    image: stand/notes:7   # pinned
    ports: # only one
      # web
      - "HOST_PORT:5000" # http
    volumes:
      # data
      - ./notes/files:/srv/files   # kept
      - ./cache:/srv/cache
    # the end
# really
EOF
# start it
docker-compose up -d # detached
# done
