using System.Text;
using IlZo.Machine;
using Xunit;

namespace IlZo.Core.Tests.Machine;

/// <summary>What machines say about their caches: Linux' list and CPUID, as they are and as they should not be.</summary>
public sealed class MachineCachesTests : IDisposable
{
    private const int Extended = unchecked((int)0x80000000);
    private const int Amd = 0x68747541;
    private const int Intel = 0x756E6547;
    private const long Kilobyte = 1024;
    private const long Megabyte = 1024 * Kilobyte;

    // Leaves as the manuals define them, for a Zen 5 core of two hyper-threads with 32 MB of L3 for eight cores.
    private static readonly Dictionary<(int, int), (int, int, int, int)> s_zen5 = new()
    {
        [(0, 0)] = (0x10, Amd, 0, 0),
        [(0xB, 0)] = (1, 2, 0x100, 0),
        [(Extended, 0)] = (Extended + 0x28, Amd, 0, 0),
        [(Extended + 1, 0)] = (0, 0, 1 << 22, 0),
        [(Extended + 0x1D, 0)] = (0x00004121, 0x02C0003F, 0x3F, 0),
        [(Extended + 0x1D, 1)] = (0x00004122, 0x01C0003F, 0x3F, 0),
        [(Extended + 0x1D, 2)] = (0x00004143, 0x03C0003F, 0x3FF, 0),
        [(Extended + 0x1D, 3)] = (0x0003C163, 0x03C0003F, 0x7FFF, 0),
    };

    // A server of 64 cores with 2 MB of L2 each and 320 MB of L3 (Emerald Rapids).
    private static readonly Dictionary<(int, int), (int, int, int, int)> s_emeraldRapids = new()
    {
        [(0, 0)] = (0x20, Intel, 0, 0),
        [(4, 0)] = (0x7C004121, 0x02C0003F, 0x3F, 0),
        [(4, 1)] = (0x7C004122, 0x01C0003F, 0x3F, 0),
        [(4, 2)] = (0x7C004143, 0x03C0003F, 0x7FF, 0),
        [(4, 3)] = (0x7C1FC163, 0x04C0003F, 0x3FFFF, 0),
        [(0xB, 0)] = (1, 2, 0x100, 0),
        [(Extended, 0)] = (Extended + 8, 0, 0, 0),
    };

    // Recorded: a virtual machine on Zen 5 whose host blanks the leaves that say who shares a cache.
    private static readonly Dictionary<(int, int), (int, int, int, int)> s_blanked = new()
    {
        [(0, 0)] = (0xD, Amd, 0x444D4163, 0x69746E65),
        [(Extended, 0)] = (Extended + 0x21, Amd, 0x444D4163, 0x69746E65),
        [(Extended + 1, 0)] = (0x00B00F21, 0x40000000, 0x440001F1, 0x25D3FBFF),
        [(Extended + 5, 0)] = (unchecked((int)0xFF60FF40), unchecked((int)0xFF60FF40), 0x300C0140, 0x20080140),
        [(Extended + 6, 0)] = (0x40802040, 0x60804040, 0x04006140, 0x0FE09140),
    };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_processor_describes_its_caches()
    {
        Assert.Equal(
            [new CacheLevel(1, 48 * Kilobyte, 64, 2), new(2, Megabyte, 64, 2), new(3, 32 * Megabyte, 64, 16)],
            CpuidCaches.Read(Of(s_zen5)).Levels);
        Assert.Equal(2, CpuidCaches.Read(Of(s_zen5)).ThreadsPerCore);
        Assert.Equal(
            [new CacheLevel(1, 48 * Kilobyte, 64, 2), new(2, 2 * Megabyte, 64, 2), new(3, 320 * Megabyte, 64, 128)],
            CpuidCaches.Read(Of(s_emeraldRapids)).Levels);
    }

    [Fact]
    public void Older_leaves_say_what_a_virtual_machine_blanks()
    {
        var caches = CpuidCaches.Read(Of(s_blanked));
        Assert.Equal([48 * Kilobyte, Megabyte, 508 * Megabyte], caches.Levels.Select(c => c.Bytes));
        Assert.All(caches.Levels, c => Assert.Null(c.Sharers));
        Assert.Null(caches.ThreadsPerCore);
    }

    [Fact]
    public void Linux_lists_them()
    {
        Cache(0, "1", "Data", "48K", "64", "0,64");
        Cache(1, "1", "Instruction", "32K", "64", "0,64");
        Cache(2, "2", "Unified", "2048K", "64", "0,64");
        Cache(3, "3", "Unified", "266240K", "64", "0-31,64-95");
        Write("0,64", "topology", "thread_siblings_list");
        var caches = MachineCaches.Find(_folder.Path, Of(s_zen5));
        Assert.Equal(
            [new CacheLevel(1, 48 * Kilobyte, 64, 2), new(2, 2 * Megabyte, 64, 2), new(3, 260 * Megabyte, 64, 64)], caches.Levels);
        Assert.Equal(2, caches.ThreadsPerCore);
        Assert.Equal("Linux", caches.Source);
        Assert.Null(caches[4]);
    }

    [Fact]
    public void The_processor_is_asked_where_Linux_lists_none()
    {
        Write("0", "topology", "thread_siblings_list");
        var caches = MachineCaches.Find(_folder.Path, Of(s_zen5));
        Assert.Equal(Megabyte, caches[2]!.Bytes);
        Assert.Equal(1, caches.ThreadsPerCore);
        Assert.Equal("CPUID", caches.Source);
    }

    [Fact]
    public void Nothing_is_known_where_nobody_says_anything()
    {
        Assert.Empty(MachineCaches.Find(_folder["no", "such", "folder"], null).Levels);
        Assert.Null(MachineCaches.Find(null, null)[2]);
        Assert.Empty(MachineCaches.Find(null, (_, _) => (0, 0, 0, 0)).Levels);
    }

    [Theory]
    [InlineData("0", 1)]
    [InlineData("0-3", 4)]
    [InlineData("0-3,8,10-11", 7)]
    [InlineData("", null)]
    [InlineData(",", null)]
    [InlineData("5-2", null)]
    [InlineData("1-2-3", null)]
    [InlineData("-1", null)]
    [InlineData("0-65536", null)]
    [InlineData("0-99999999999999999999", null)]
    [InlineData("0-65535,0-65535", null)]
    [InlineData("0 - 3", null)]
    public void Lists_of_processors_are_counted(string list, int? expected) => Assert.Equal(expected, SysfsCaches.CountOf(list));

    [Theory]
    [InlineData("48K", 48 * Kilobyte)]
    [InlineData("2M", 2 * Megabyte)]
    [InlineData("1024", 1024L)]
    [InlineData("", null)]
    [InlineData("K", null)]
    [InlineData("-48K", null)]
    [InlineData("48KK", null)]
    [InlineData("4.5M", null)]
    [InlineData("17G", null)]
    [InlineData("9223372036854775807K", null)]
    [InlineData("99999999999999999999", null)]
    public void Sizes_are_read(string text, long? expected) => Assert.Equal(expected, SysfsCaches.Bytes(text));

    [Theory]
    [InlineData("2", "Unified", "0K", "64")]
    [InlineData("2", "Unified", "9999999G", "64")]
    [InlineData("2", "Unified", "1M", "0")]
    [InlineData("2", "Unified", "1M", "100000")]
    [InlineData("0", "Unified", "1M", "64")]
    [InlineData("77", "Unified", "1M", "64")]
    [InlineData("two", "Unified", "1M", "64")]
    [InlineData("2", "unified\0", "1M", "64")]
    [InlineData("", "", "", "")]
    public void What_cannot_be_a_cache_is_none(string level, string type, string size, string line)
    {
        Cache(0, level, type, size, line, "0");
        Cache(1, "1", "Data", "32K", "64", "nobody");
        Assert.Equal([new CacheLevel(1, 32 * Kilobyte, 64, null)], SysfsCaches.Read(_folder.Path).Levels);
    }

    [Fact]
    public void Files_that_are_not_files_or_never_end_are_not_read()
    {
        Cache(0, new string('1', 1 << 20), "Data", "32K", "64", "0");
        Cache(1, "2", "Unified", "1M", "64", "0");
        File.Delete(_folder["cpu0", "cache", "index1", "size"]);
        Directory.CreateDirectory(_folder["cpu0", "cache", "index1", "size"]);
        File.WriteAllBytes(_folder["cpu0", "cache", "index1", "type"], [0xFF, 0xFE, 0, 0x80]);
        Assert.Empty(SysfsCaches.Read(_folder.Path).Levels);
    }

    [Fact]
    public void No_answer_of_the_processor_is_too_strange()
    {
        var random = new Random(1);
        CpuId[] strange =
        [
            (_, _) => (-1, -1, -1, -1),
            (leaf, _) => (leaf, leaf, leaf, leaf),
            (_, _) => (0x7FFFFFFF, Amd, -1, -1),
            .. Enumerable.Range(0, 2000).Select(i => (CpuId)((leaf, _) => leaf is 0 or Extended
                ? (leaf + 0x28, i % 2 == 0 ? Amd : Intel, 0, 0)
                : (random.Next(int.MinValue, int.MaxValue), random.Next(), random.Next(), random.Next()))),
        ];
        foreach (var cpuid in strange)
        {
            var caches = CpuidCaches.Read(cpuid);
            Assert.All(caches.Levels, c => Assert.InRange(c.Bytes, 1, CacheLevel.LargestBytes));
            Assert.Equal(caches.Levels.Select(c => c.Level).Order().Distinct(), caches.Levels.Select(c => c.Level));
        }
    }

    [Fact]
    public void This_machine_has_caches_that_grow_or_none()
    {
        var levels = MachineCaches.Current.Levels;
        Assert.Equal(levels.Select(c => c.Bytes).Order(), levels.Select(c => c.Bytes));
    }

    private static CpuId Of(Dictionary<(int, int), (int, int, int, int)> leaves) =>
        (leaf, subleaf) => leaves.GetValueOrDefault((leaf, subleaf));

    private void Cache(int index, string level, string type, string size, string line, string shared)
    {
        foreach (var (name, text) in ((string, string)[])
            [("level", level), ("type", type), ("size", size), ("coherency_line_size", line), ("shared_cpu_list", shared)])
        {
            Write(text, "cache", $"index{index}", name);
        }
    }

    private void Write(string text, params string[] path)
    {
        string file = _folder[["cpu0", .. path]];
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text + "\n", Encoding.Latin1);
    }
}
