services:
  web:
    image: stand/a:1
    ports: ['HOST_PORT:80']
    environment:
      SECRET_KEY:
