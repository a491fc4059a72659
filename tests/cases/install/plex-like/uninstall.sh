# wiki
docker-compose stop
docker-compose rm -f
rm -rf config # settings
rm -rf media;
