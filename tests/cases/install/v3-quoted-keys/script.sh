cat > docker-compose.yml << "END_OF_FILE"
---
"version": '3.8'
"services":
  "server":
    "image": "stand/git:1.21"
    'container_name': "APP_IDENTIFIER"
    "environment":
      "USER_UID": "1000"
      "ROOT_URL": "http://APP_HOSTNAME/"
      "GITEA__server__SSH_PORT": "222"
    "restart": "unless-stopped"
    "volumes":
      - "./gitea:/data"
      - type: bind
        source: ./conf
        target: /conf
        read_only: true
      - type: volume
        source: named
        target: /named
    "ports":
      - target: 3000
        published: HOST_PORT
        protocol: tcp
        mode: host
    labels:
      traefik.enable: "true"
volumes:
  named:
END_OF_FILE
docker-compose up -d
