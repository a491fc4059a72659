cat > docker-compose.yml << 'EOF'
web:
  image: stand/a:1
  ports:
    - 'HOSTPORT:80'
EOF
docker-compose up -d
