package warehouse;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.DelegateToFileSystem;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * Local files without checksum files, permissions and symbolic links. Without its native library
 * Hadoop starts a process for each: `chmod` for every file that it makes, `readlink` to rename one.
 */
public class PlainFiles extends RawLocalFileSystem {
  @Override public void setPermission(Path path, FsPermission permission) {}

  @Override public FileStatus getFileLinkStatus(Path path) throws IOException {
    return getFileStatus(path);
  }

  @Override protected boolean mkOneDirWithMode(Path path, File folder, FsPermission permission)
      throws IOException {
    return folder.mkdir();
  }

  /** The same for what asks Hadoop by its newer interface. */
  public static class Abstract extends DelegateToFileSystem {
    public Abstract(URI uri, Configuration conf) throws IOException, URISyntaxException {
      super(uri, new PlainFiles(), conf, "file", false);
    }
  }
}
