using IlZo.Backends.Cpu.Emitted;
using IlZo.Machine;
using Xunit;
using Assembler = IlZo.Backends.Cpu.Emitted.Assembler;

namespace IlZo.Core.Tests.Backends.Emitted;

public unsafe class CodeMemoryTests
{
    public static TheoryData<bool> Ways => [true, false];

    [Theory]
    [MemberData(nameof(Ways))]
    public void Emitted_code_runs(bool mapTwice)
    {
        using var memory = Create(mapTwice);
        Assert.Equal(42, ((delegate* unmanaged<long>)memory.Entry)());
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void No_page_with_code_can_be_written(bool mapTwice)
    {
        using var memory = Create(mapTwice);
        var pages = File.ReadLines("/proc/self/maps").Select(line => line.Split(' ', 3)).Single(
            parts => Contains(parts[0], (ulong)memory.Entry));
        Assert.StartsWith("r-x", pages[1]);
    }

    private static CodeMemory Create(bool mapTwice)
    {
        Assert.SkipUnless(CpuFeatures.IsSupportedSystem, "Machine code is emitted on Linux x86-64 only.");
        var code = new Assembler();
        code.Mov(IlZo.Backends.Cpu.Emitted.Register.Rax, 42);
        code.Ret();
        var memory = mapTwice ? CodeMemory.MapTwice(code.ToArray()) : CodeMemory.MapThenProtect(code.ToArray());
        Assert.SkipUnless(memory is not null, "The operating system does not allow this.");
        return memory!;
    }

    private static bool Contains(string range, ulong address)
    {
        ulong[] ends = [.. range.Split('-').Select(end => Convert.ToUInt64(end, 16))];
        return address >= ends[0] && address < ends[1];
    }
}
