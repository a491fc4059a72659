#!/bin/sh
# remove
docker-compose down # all of it
rm -rf notes cache
