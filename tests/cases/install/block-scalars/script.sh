cat > docker-compose.yml << 'EOF'
version: '3.3'
services:
  app:
    image: stand/forum:2
    ports:
      - "HOST_PORT:80"
    environment:
      SETTINGS: |
        url = http://APP_HOSTNAME:HOST_PORT
        # not a comment
        key: 'value'
          indented
      FOLDED: >-
        one
        two

        three
      PLAIN: a b
        c
    command: >
      /bin/busybox httpd -f
      -p 80 -h /www
EOF
docker-compose up -d
