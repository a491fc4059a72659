cat > docker-compose.yml << 'EOF'
web:
  image: stand/dollar:1
  ports: ['HOST_PORT:80']
  environment:
    - HASH=$$2y$$10$$abcdef
    - PRICE=5$$
EOF
docker-compose up -d
