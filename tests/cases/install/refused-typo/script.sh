cat > docker-compose.yml << 'EOF'
web:
  image: x
EOF
docker-comose up -d
