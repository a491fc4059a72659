docker-compose stop
docker-compose rm -f
rm -rf notes # what --purge deletes
