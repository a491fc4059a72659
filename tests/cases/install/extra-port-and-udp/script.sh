cat > docker-compose.yml << 'EOF'
lms:
  image: stand/lms:1
  ports:
    - HOST_PORT:9000
    - "23483:3483/udp"
    - "23483:3483"
EOF
docker-compose up -d
