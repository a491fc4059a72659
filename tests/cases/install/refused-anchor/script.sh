x-e: &e
  A: b
services:
  web:
    image: stand/a:1
    environment: *e
    ports: ['HOST_PORT:80']
