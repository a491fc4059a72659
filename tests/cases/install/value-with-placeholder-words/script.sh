cat > docker-compose.yml << 'EOF'
web:
  image: stand/words:1
  ports:
    - 'HOST_PORT:80'
  environment:
    - DB_HOST_PORT=5432
    - HOST_PORTS=none
    - URL=http://APP_HOSTNAME:HOST_PORT/APP_IDENTIFIER
    - MY_APP_HOSTNAME_X=APP_HOSTNAME_X
    - NOTE=it is 'quoted' "twice"
    - EMPTY=
    - SPACED=a  b
EOF
docker-compose up -d
