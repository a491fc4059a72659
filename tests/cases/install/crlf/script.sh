# made on Windows
cat > docker-compose.yml << 'EOF'
version: '3'
services:
  web:
    image: stand/win:1
    ports:
      - HOST_PORT:8080
    environment:
      - GREETING=hello
EOF
docker-compose up -d
