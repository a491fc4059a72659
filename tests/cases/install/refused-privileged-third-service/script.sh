cat > docker-compose.yml << 'EOF'
version: '2.1'
services:
  a:
    image: stand/a:1
    ports: ['HOST_PORT:80']
  b:
    image: stand/b:1
  c:
    image: stand/c:1
    privileged: true
EOF
docker-compose up -d
