services:
  web:
    extends:
      file: common.yml
      service: webapp
    ports: ['HOST_PORT:80']
