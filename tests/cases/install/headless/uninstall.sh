docker-compose stop
docker-compose rm -f
