cat > docker-compose.yml << 'EOF'
web:
  image: stand/scalars:1
  ports:
    - HOST_PORT:22
  environment:
    YES: yes
    NO: 'no'
    OCTAL: 0755
    TIME: 12:30:45
    FLOAT: 1.10
    BIG: 12345678901234567890
    DATE: 2020-01-01
    HEX: 0x1F
    UNI: "\u00fc\x41\n"
EOF
docker-compose up -d
