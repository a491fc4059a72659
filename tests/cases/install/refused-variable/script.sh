cat > docker-compose.yml << 'EOF'
web:
  image: stand/a:${TAG}
  ports: ['HOST_PORT:80']
EOF
docker-compose up -d
