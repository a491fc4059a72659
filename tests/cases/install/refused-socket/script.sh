cat > docker-compose.yml << 'EOF'
ui:
  image: stand/ui:1
  ports:
    - HOST_PORT:9000
  volumes:
    - /var/run/docker.sock:/var/run/docker.sock
    - ./data:/data
EOF
docker-compose up -d
