# photo gallery
amahi-download cpg.tar.gz 0123abcd;
cat > docker-compose.yml << 'EOF'
web:
  image: x
EOF
docker-compose up -d
