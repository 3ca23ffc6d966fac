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
        const int Bytes = 5000;
        using var file = WorkFile.Create(temp.Path, 2 * Bytes);
        Assert.Empty(Directory.GetFileSystemEntries(temp.Path));
        byte[] written = [.. Enumerable.Range(0, Bytes).Select(i => (byte)i)];
        byte[] read = new byte[Bytes];
        var place = file.Start with { Offset = 7 };
        fixed (byte* from = written, to = read)
        {
            place.Write(from, Bytes);
            place.Read(to, Bytes);
        }

        Assert.Equal(written, read);
        Assert.Equal([0, .. written, 0], new ReadOnlySpan<byte>(file.Data + 6, Bytes + 2).ToArray());
    }

    [Fact]
    public unsafe void What_is_beyond_the_end_of_a_file_is_not_read()
    {
        using var temp = new TempFolder();
        using var file = WorkFile.Create(temp.Path, 8);
        byte* room = stackalloc byte[4];
        var place = file.Start with { Offset = 6 };
        bool isRefused = false;
        try
        {
            place.Read(room, 4);
        }
        catch (EndOfStreamException e)
        {
            isRefused = e.Message == $"'{place.Path}' became shorter while it was read.";
        }

        Assert.True(isRefused);
    }

    [Fact]
    public void More_than_the_disk_has_is_refused_before_anything_is_written()
    {
        using var temp = new TempFolder();
        Assert.Throws<IOException>(() => WorkFile.Create(temp.Path, 1L << 43));
        Assert.Empty(Directory.GetFileSystemEntries(temp.Path));
    }
}
