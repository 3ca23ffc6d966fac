using IlZo.Files;
using Xunit;

namespace IlZo.Core.Tests.Files;

/// <summary>A file without a name.</summary>
public sealed class WorkFileTests
{
    [Fact]
    public unsafe void What_is_written_is_read_and_nothing_is_in_the_folder()
    {
        using var temp = new TempFolder();
        int page = Environment.SystemPageSize;
        using var file = WorkFile.Create(temp.Path, 3 * page);
        Assert.Empty(Directory.GetFileSystemEntries(temp.Path));
        byte[] written = [.. Enumerable.Range(0, page).Select(i => (byte)i)];
        byte[] read = new byte[page];
        fixed (byte* from = written, to = read)
        {
            file.Write(page + 1, from, page);
            file.Read(page + 1, to, page);
        }

        Assert.Equal(written, read);
        Assert.Equal([0, .. written, 0], new ReadOnlySpan<byte>(file.Data + page, page + 2).ToArray());
        fixed (byte* to = read)
        {
            byte* room = to;
            Assert.Throws<EndOfStreamException>(() => file.Read((3 * page) - 1, room, 2));
        }
    }

    [Fact]
    public void More_than_the_disk_has_is_refused_before_anything_is_written()
    {
        using var temp = new TempFolder();
        Assert.Throws<IOException>(() => WorkFile.Create(temp.Path, 1L << 43));
        Assert.Empty(Directory.GetFileSystemEntries(temp.Path));
    }
}
