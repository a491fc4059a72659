cat > docker-compose.yml << 'EOF'
web:
  image: stand/never:1
  ports: ['HOST_PORT:80']
EOF
docker-compose up -d
