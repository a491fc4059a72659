# Media server for the HDA
# the data goes below ./config

cat > docker-compose.yml << 'EOF'
plex-container:
  image: 'linuxserver/stand-media:latest'
  container_name: 'APP_IDENTIFIER'
  hostname: 'APP_HOSTNAME'
  restart: always
  environment:
    - PUID=1000
    - PGID=1000
    - TZ=Europe/Berlin
    - UMASK=022 # the usual
  ports:
    - 'HOST_PORT:32400'
    # - '1900:1900/udp'
  volumes:
    - './config:/config'
    - './media:/data'
    - '/etc/localtime:/etc/localtime:ro'
EOF

docker-compose up -d
