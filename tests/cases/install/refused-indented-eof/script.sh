cat > docker-compose.yml << 'EOF'
web:
  image: x
  ports:
    - 'HOST_PORT:80'
  EOF
docker-compose up -d
