cat > docker-compose.yml << 'EOF'
version: "2"
services:
  app:
    image: stand/cloud:27-apache
    depends_on: [db, cache]
    networks:
      - front
      - back
    ports: ["HOST_PORT:8000"]
    volumes: [data:/var/www/html]
  db:
    image: "stand/pg:14"
    networks: [back]
    volumes:
      - pg:/var/lib/postgresql/data
  cache:
    image: stand/redis:alpine
    networks: {back: {aliases: [redis]}}
networks:
  front:
  back:
    driver: bridge
volumes:
  data: {}
  pg:
EOF
docker-compose up -d
