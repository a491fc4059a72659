cat > docker-compose.yml << 'EOF'
wiki:
  image: stand/wiki:1.4
  links:
    - db:mysql
  ports:
    - "HOST_PORT:80"
  environment:
    WIKI_DB_HOST: mysql
    WIKI_DB_PASSWORD: "s3cr=t#not-a-comment"
    WIKI_DEBUG: "false"
    WIKI_WORKERS: 4
db:
  image: stand/db:10.6
  volumes:
    - ./db:/var/lib/mysql
  environment:
    - MYSQL_ROOT_PASSWORD=root
    - MYSQL_DATABASE=wiki
EOF
docker-compose up -d
