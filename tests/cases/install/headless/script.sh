cat > docker-compose.yml << 'EOF'
updater:
  image: stand/ddns:1
  container_name: 'APP_IDENTIFIER'
  restart: always
  environment:
    - SUBDOMAINS=me
    - TOKEN=abc-def
EOF
docker-compose up -d
