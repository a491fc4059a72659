cat > Dockerfile << 'EOF'
FROM x
EOF
cat > docker-compose.yml << 'EOF'
web:
  build: .
  ports:
    - HOST_PORT:80
EOF
docker-compose up -d
