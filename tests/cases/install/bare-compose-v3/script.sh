version: '3.9'

x-common: {labels: {a: b}}

services:
  web:
    image: stand/dash:v2.1.0
    restart: always
    ports:
      - 'HOST_PORT:7575'
    healthcheck:
      test: ["CMD", "/bin/busybox", "true"]
      interval: 30s
      timeout: 3s
      retries: 3
    logging:
      driver: json-file
      options: {max-size: 10m}
    deploy:
      resources:
        limits:
          memory: 256M
