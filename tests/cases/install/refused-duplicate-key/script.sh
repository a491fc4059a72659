cat > docker-compose.yml << 'EOF'
web:
  image: stand/a:1
  ports: ['HOST_PORT:80']
  image: stand/b:1
EOF
docker-compose up -d
