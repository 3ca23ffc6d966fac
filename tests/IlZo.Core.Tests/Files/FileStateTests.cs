using IlZo.Checkpoints;
using IlZo.Files;
using Xunit;

namespace IlZo.Core.Tests.Files;

/// <summary>What an opened checkpoint notices of its files.</summary>
public sealed class FileStateTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public FileStateTests()
    {
        string source = TestData.Path("fixtures", "forward", "opt-tiny");
        foreach (string name in (string[])["config.json", "model.safetensors"])
        {
            File.Copy(Path.Combine(source, name), _temp[name]);
        }
    }

    private string Weights => _temp["model.safetensors"];

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void A_file_that_is_only_read_is_unchanged()
    {
        using var checkpoint = CheckpointFolder.Open(_temp.Path);
        _ = File.ReadAllBytes(Weights);
        checkpoint.RequireUnchanged();
        checkpoint.RequireInPlace();
    }

    [Fact]
    public void A_file_that_was_written_to_or_cut_is_changed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There nobody may write into an open file.");
        using var checkpoint = CheckpointFolder.Open(_temp.Path);
        File.SetLastWriteTimeUtc(Weights, new DateTime(2020, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        var written = Assert.Throws<FileChangedException>(checkpoint.RequireUnchanged);
        Assert.Contains($"'{Weights}' was written to at 2020-02-03 04:05:06.000 UTC", written.Message, StringComparison.Ordinal);
        long length = new FileInfo(Weights).Length;
        using (var stream = new FileStream(Weights, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.SetLength(100);
        }

        var cut = Assert.Throws<FileChangedException>(checkpoint.RequireUnchanged);
        Assert.Contains($"'{Weights}' has 100 bytes where it had {length}", cut.Message, StringComparison.Ordinal);
    }

    // Its content is still there for whom has it open, but no longer under its name.
    [Fact]
    public void A_file_that_was_replaced_or_deleted_is_unchanged_but_not_in_place()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Which file it is, is told on Linux.");
        using var checkpoint = CheckpointFolder.Open(_temp.Path);
        File.Copy(Weights, _temp["new"]);
        File.Move(_temp["new"], Weights, overwrite: true);
        checkpoint.RequireUnchanged();
        Assert.Contains(
            "was replaced by another one",
            Assert.Throws<FileChangedException>(checkpoint.RequireInPlace).Message,
            StringComparison.Ordinal);
        File.Delete(Weights);
        checkpoint.RequireUnchanged();
        Assert.Contains(
            "is there no more", Assert.Throws<FileChangedException>(checkpoint.RequireInPlace).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_out_of_memory_has_no_files_to_change()
    {
        using var checkpoint = CheckpointFolder.FromMemory(
            "memory", name => File.Exists(_temp[name]) ? File.ReadAllBytes(_temp[name]) : null);
        File.Delete(Weights);
        checkpoint.RequireInPlace();
    }

    [Fact]
    public void Folders_are_flushed_or_left_alone()
    {
        Folders.Flush(_temp.Path);
        Folders.Flush(_temp["absent"]);
    }
}
