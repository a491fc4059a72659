cat > docker-compose.yml << 'EOF'
web:
  image: REGISTRY/deep/path/name.with-dots_x:1.0-rc.1
  ports: ['HOST_PORT:80']
EOF
docker-compose up -d
