using System.Runtime.InteropServices;
using Iced.Intel;
using Xunit;

namespace IlZo.Core.Tests.Backends.Emitted;

/// <summary>
/// Executes the instructions that kernels consist of, as the Intel manual defines them, so that kernels can be tested on machines that lack
/// them. Memory is the process's own; an access outside the given regions fails the test.
/// </summary>
internal sealed unsafe class Interpreter
{
    private readonly Dictionary<Register, long> _general = [];
    private readonly float[][] _zmm = [.. Enumerable.Range(0, 32).Select(_ => new float[16])];
    private readonly uint[][,] _tiles = [.. Enumerable.Range(0, 8).Select(_ => new uint[16, 16])];
    private readonly List<(nint Start, long Bytes)> _regions = [];
    private bool _zero;
    private bool _hasShapes;

    /// <summary>Allows accesses to a region.</summary>
    public Interpreter Allow(void* start, long bytes)
    {
        _regions.Add(((nint)start, bytes));
        return this;
    }

    /// <summary>Calls a function with a pointer as its argument, and checks that it gives tiles back.</summary>
    public void Call(byte[] code, void* argument)
    {
        var instructions = AssemblerTests.Decode(code);
        var places = instructions.Select((instruction, index) => (instruction.IP, index)).ToDictionary(p => p.IP, p => p.index);
        _general[Register.RDI] = (nint)argument;
        for (int at = 0; ; at++)
        {
            var instruction = instructions[at];
            switch (instruction.Mnemonic)
            {
                case Mnemonic.Ret:
                    Assert.False(_hasShapes, "The function returned with tiles in use.");
                    return;
                case Mnemonic.Jne:
                    at = _zero ? at : places[instruction.NearBranchTarget] - 1;
                    break;
                default:
                    Execute(instruction);
                    break;
            }
        }
    }

    private void Execute(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Mov:
                Set(instruction.Op0Register, instruction.Op1Kind switch
                {
                    OpKind.Memory => *(long*)At(instruction, 8),
                    OpKind.Register => Get(instruction.Op1Register),
                    _ => (long)instruction.GetImmediate(1),
                });
                break;
            case Mnemonic.Add:
                Set(instruction.Op0Register, Get(instruction.Op0Register) + (long)instruction.GetImmediate(1));
                break;
            case Mnemonic.Sub:
                Set(instruction.Op0Register, Get(instruction.Op0Register) - (long)instruction.GetImmediate(1));
                _zero = Get(instruction.Op0Register) == 0;
                break;
            case Mnemonic.Vmovups when instruction.Op0Kind == OpKind.Register:
                new ReadOnlySpan<float>(At(instruction, 64), 16).CopyTo(Zmm(instruction.Op0Register));
                break;
            case Mnemonic.Vmovups:
                Zmm(instruction.Op1Register).CopyTo(new Span<float>(At(instruction, 64), 16));
                break;
            case Mnemonic.Vbroadcastss:
                Array.Fill(Zmm(instruction.Op0Register), *(float*)At(instruction, 4));
                break;
            case Mnemonic.Vcvtph2ps:
                ConvertHalves((Half*)At(instruction, 32), Zmm(instruction.Op0Register));
                break;
            case Mnemonic.Vdpbf16ps:
                DotProduct(Zmm(instruction.Op0Register), Zmm(instruction.Op1Register), Zmm(instruction.Op2Register));
                break;
            case Mnemonic.Vzeroupper:
                Array.ForEach(_zmm[..16], zmm => Array.Clear(zmm, 4, 12));
                break;
            default:
                ExecuteTiles(instruction);
                break;
        }
    }

    private void ExecuteTiles(in Instruction instruction)
    {
        Assert.True(_hasShapes || instruction.Mnemonic == Mnemonic.Ldtilecfg, $"{instruction} comes before the shapes of tiles.");
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Ldtilecfg:
                CheckShapes(new ReadOnlySpan<byte>(At(instruction, 64), 64));
                _hasShapes = true;
                break;
            case Mnemonic.Tilerelease:
                _hasShapes = false;
                break;
            case Mnemonic.Tileloadd:
                VisitRows(instruction, instruction.Op0Register, (tile, row, memory) =>
                {
                    for (int i = 0; i < 16; i++)
                    {
                        tile[row, i] = ((uint*)memory)[i];
                    }
                });
                break;
            case Mnemonic.Tilestored:
                VisitRows(instruction, instruction.Op1Register, (tile, row, memory) =>
                {
                    for (int i = 0; i < 16; i++)
                    {
                        ((uint*)memory)[i] = tile[row, i];
                    }
                });
                break;
            case Mnemonic.Tdpbf16ps:
                TileDotProduct(Tile(instruction.Op0Register), Tile(instruction.Op1Register), Tile(instruction.Op2Register));
                break;
            default:
                Assert.Fail($"{instruction} is not an instruction that kernels are known to use.");
                break;
        }
    }

    // LDTILECFG: palette, start row, 14 reserved bytes, bytes a row of each tile as 16 bits, 16 reserved bytes, rows of each tile.
    private static void CheckShapes(ReadOnlySpan<byte> shapes)
    {
        Assert.Equal(1, shapes[0]);
        Assert.Equal(-1, shapes[1..16].IndexOfAnyExcept((byte)0));
        var rowBytes = MemoryMarshal.Cast<byte, ushort>(shapes.Slice(16, 32));
        for (int tile = 0; tile < 8; tile++)
        {
            Assert.Equal(64, rowBytes[tile]);
            Assert.Equal(16, shapes[48 + tile]);
        }

        Assert.Equal(-1, shapes.Slice(32, 16).IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, shapes[56..].IndexOfAnyExcept((byte)0));
    }

    private void VisitRows(in Instruction instruction, Register tile, Action<uint[,], int, nint> visit)
    {
        long stride = Get(instruction.MemoryIndex);
        nint start = (nint)(Get(instruction.MemoryBase) + (long)instruction.MemoryDisplacement64);
        for (int row = 0; row < 16; row++)
        {
            visit(Tile(tile), row, (nint)Checked(start + (nint)(row * stride), 64));
        }
    }

    private static void ConvertHalves(Half* source, float[] zmm)
    {
        for (int lane = 0; lane < zmm.Length; lane++)
        {
            zmm[lane] = (float)source[lane];
        }
    }

    private static void DotProduct(float[] sum, float[] a, float[] b)
    {
        for (int lane = 0; lane < sum.Length; lane++)
        {
            uint p = BitConverter.SingleToUInt32Bits(a[lane]);
            uint q = BitConverter.SingleToUInt32Bits(b[lane]);
            sum[lane] = MultiplyAdd(p >> 16, q >> 16, sum[lane]);
            sum[lane] = MultiplyAdd(p & 0xFFFF, q & 0xFFFF, sum[lane]);
        }
    }

    private static void TileDotProduct(uint[,] sum, uint[,] a, uint[,] b)
    {
        for (int m = 0; m < 16; m++)
        {
            float[] partial = new float[32];
            for (int k = 0; k < 16; k++)
            {
                for (int n = 0; n < 16; n++)
                {
                    partial[2 * n] = MultiplyAdd(a[m, k] & 0xFFFF, b[k, n] & 0xFFFF, partial[2 * n]);
                    partial[(2 * n) + 1] = MultiplyAdd(a[m, k] >> 16, b[k, n] >> 16, partial[(2 * n) + 1]);
                }
            }

            for (int n = 0; n < 16; n++)
            {
                float both = Flush(Flush(partial[2 * n]) + Flush(partial[(2 * n) + 1]));
                sum[m, n] = BitConverter.SingleToUInt32Bits(Flush(Flush(BitConverter.UInt32BitsToSingle(sum[m, n])) + both));
            }
        }
    }

    private static float MultiplyAdd(uint a, uint b, float c) =>
        Flush(MathF.FusedMultiplyAdd(
            Flush(BitConverter.UInt32BitsToSingle(a << 16)), Flush(BitConverter.UInt32BitsToSingle(b << 16)), Flush(c)));

    private static float Flush(float x) => float.IsSubnormal(x) ? MathF.CopySign(0, x) : x;

    private long Get(Register register) => _general[register.GetFullRegister()];

    // Writing 32 bits clears the upper half, and immediates are read without their sign.
    private void Set(Register register, long value) => _general[register.GetFullRegister()] = register.GetSize() == 4 ? (uint)value : value;

    private float[] Zmm(Register register) => _zmm[register - Register.ZMM0];

    private uint[,] Tile(Register register) => _tiles[register - Register.TMM0];

    private void* At(in Instruction instruction, int bytes)
    {
        Assert.Equal(Register.None, instruction.MemoryIndex);
        return Checked((nint)(Get(instruction.MemoryBase) + (long)instruction.MemoryDisplacement64), bytes);
    }

    private void* Checked(nint address, int bytes)
    {
        Assert.Contains(_regions, region => address >= region.Start && address + bytes <= region.Start + (nint)region.Bytes);
        return (void*)address;
    }
}
