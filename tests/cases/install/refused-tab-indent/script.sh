cat > docker-compose.yml << 'EOF'
web:
	image: stand/a:1
EOF
docker-compose up -d
