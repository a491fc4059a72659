cat > docker-compose.yml << 'EOF'
web:
  image: stand/a:1
  ports: ['HOST_PORT:80']
  environment:
    - DB=$HDA_DB_DBNAME
EOF
docker-compose up -d
