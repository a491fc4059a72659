docker-compose stop
docker-comose rm -f
