# The demo app of quickstart: one page from busybox's web server.
cat > docker-compose.yml << 'EOF_COMPOSE'
hello:
  image: 'apphost-hello:1'
  container_name: "APP_IDENTIFIER"
  hostname: 'APP_HOSTNAME'
  restart: unless-stopped
  ports:
    - 'HOST_PORT:80'
  volumes:
    - './notes:/www/notes'
EOF_COMPOSE
docker-compose up -d
