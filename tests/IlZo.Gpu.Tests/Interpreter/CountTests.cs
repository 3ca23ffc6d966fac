using IlZo.Ptx;

namespace IlZo.Gpu.Tests.Interpreter;

public class CountTests
{
    private readonly PtxRig _rig = new();

    // The word that a lane asks for, by its number.
    [Theory]
    [InlineData("ld.shared.f32 %d, [%s];", 0, 1, 1)]
    [InlineData("ld.shared.f32 %d, [%s];", 1, 1, 1)]
    [InlineData("ld.shared.f32 %d, [%s];", 2, 2, 1)]
    [InlineData("ld.shared.f32 %d, [%s];", 31, 1, 1)]
    [InlineData("ld.shared.f32 %d, [%s];", 32, 32, 1)]
    [InlineData("ld.shared.v4.f32 {%d, %e, %f, %g}, [%s];", 4, 4, 4)]
    [InlineData("ld.shared.v4.f32 {%d, %e, %f, %g}, [%s];", 16, 16, 4)]
    public void A_bank_gives_a_word_in_a_cycle(string text, int wordsApart, int cycles, int least)
    {
        (string, PtxType, Func<int, ulong>) Number(string name) => (name, PtxType.F32, _ => 0);
        _rig.Run(
            text, PtxWarp.AllLanes, ("%s", PtxType.U64, lane => PtxMemory.Base + (ulong)(lane * wordsApart * sizeof(float))),
            Number("%d"), Number("%e"), Number("%f"), Number("%g"));
        Assert.Equal((1, cycles, least), (_rig.Counts.Instructions, _rig.Counts.SharedCycles, _rig.Counts.LeastSharedCycles));
    }

    [Fact]
    public void Moves_between_registers_are_not_counted()
    {
        _rig.Run("mov.f32 %d, %e; add.f32 %d, %d, %e;", PtxWarp.AllLanes, ("%d", PtxType.F32, _ => 0), ("%e", PtxType.F32, _ => 0));
        Assert.Equal(1, _rig.Counts.Instructions);
    }
}
