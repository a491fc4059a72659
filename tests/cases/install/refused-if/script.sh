if [ -d unpack ]; then
  rm -rf html;
fi
