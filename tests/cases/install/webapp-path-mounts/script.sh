cat > docker-compose.yml << 'EOF'
gallery:
  image: stand/gallery
  container_name: APP_IDENTIFIER
  ports: 
    - HOST_PORT:80
  volumes:
    - WEBAPP_PATH/html:/photos
EOF
mkdir -p html/include
cat > html/include/config.inc.php << 'PHP'
<?php
// port HOST_PORT, $HOST_PORT and MY_HOST_PORT
define('URL', 'http://APP_HOSTNAME/');
$CONFIG["dir"] = `ls`;
?>
PHP
chmod -R 777 html
chmod 444 html/include/config.inc.php;
docker-compose up -d
