cat > docker-compose.yml << 'EOF'
web:
  image: stand/a:1
  ports:
    - 'HOST_PORT:80'
  volumes:
    - /home/me/music:/music:ro
EOF
docker-compose up -d
