using Iced.Intel;
using IlZo.Backends.Cpu.Emitted;
using Xunit;
using Assembler = IlZo.Backends.Cpu.Emitted.Assembler;
using Register = IlZo.Backends.Cpu.Emitted.Register;

namespace IlZo.Core.Tests.Backends.Emitted;

/// <summary>What the encoder writes is read by a decoder that is not ours.</summary>
public class AssemblerTests
{
    private static readonly Register[] s_registers = Enum.GetValues<Register>();

    [Fact]
    public void Moves_are_read_as_they_were_meant()
    {
        foreach (var a in s_registers)
        {
            foreach (var b in s_registers)
            {
                Check(code => code.Mov(a, b), $"mov {Name(a)},{Name(b)}");
                Check(code => code.Mov(a, new Address(b, 24)), $"mov {Name(a)},[{Name(b)}+18h]");
                Check(code => code.Mov(a, new Address(b, -8, Register.R10)), $"mov {Name(a)},[{Name(b)}+r10-8]");
            }

            Check(code => code.Mov(a, 3136), $"mov {Name32(a)},0C40h");
        }
    }

    [Fact]
    public void Sums_are_read_as_they_were_meant()
    {
        foreach (var a in s_registers)
        {
            Check(code => code.Add(a, 64), $"add {Name(a)},40h");
            Check(code => code.Add(a, 1_000_000), $"add {Name(a)},0F4240h");
            Check(code => code.Sub(a, 2), $"sub {Name(a)},2");
        }
    }

    [Fact]
    public void Jumps_go_back_to_their_position()
    {
        var code = new Assembler();
        code.Ret();
        int position = code.Position;
        code.Add(Register.Rax, 1);
        code.Jnz(position);
        var jump = Decode(code.ToArray())[^1];
        Assert.Equal(Mnemonic.Jne, jump.Mnemonic);
        Assert.Equal((ulong)position, jump.NearBranchTarget);
    }

    [Fact]
    public void Vector_instructions_are_read_as_they_were_meant_for_all_registers()
    {
        for (int zmm = 0; zmm < 32; zmm++)
        {
            int v = zmm;
            foreach (var b in s_registers)
            {
                Check(code => code.VmovupsLoad(v, new Address(b, 64)), $"vmovups zmm{v},[{Name(b)}+40h]");
                Check(code => code.VmovupsStore(new Address(b, 1_600), v), $"vmovups [{Name(b)}+640h],zmm{v}");
                Check(code => code.Vbroadcastss(v, new Address(b, 4)), $"vbroadcastss zmm{v},dword ptr [{Name(b)}+4]");
                Check(code => code.Vcvtph2ps(v, new Address(b, 32)), $"vcvtph2ps zmm{v},ymmword ptr [{Name(b)}+20h]");
            }

            for (int other = 0; other < 32; other++)
            {
                int w = other;
                Check(code => code.Vdpbf16ps(v, w, 5), $"vdpbf16ps zmm{v},zmm{w},zmm5");
                Check(code => code.Vdpbf16ps(7, v, w), $"vdpbf16ps zmm7,zmm{v},zmm{w}");
            }
        }

        Check(code => code.Vzeroupper(), "vzeroupper");
        Check(code => code.Ret(), "ret");
    }

    [Fact]
    public void Tile_instructions_are_read_as_they_were_meant_for_all_registers()
    {
        for (int tile = 0; tile < 8; tile++)
        {
            int t = tile;
            foreach (var b in s_registers)
            {
                foreach (var index in s_registers)
                {
                    Check(code => code.Tileloadd(t, new Address(b, 64, index)), $"tileloadd tmm{t},[{Name(b)}+{Name(index)}+40h]");
                    Check(code => code.Tilestored(new Address(b, 64, index), t), $"tilestored [{Name(b)}+{Name(index)}+40h],tmm{t}");
                }
            }

            // The three tiles of a product must differ.
            for (int other = 1; other < 7; other++)
            {
                int a = (tile + other) % 8;
                int b = (tile + other + 1) % 8;
                Check(code => code.Tdpbf16ps(t, a, b), $"tdpbf16ps tmm{t},tmm{a},tmm{b}");
            }
        }

        Check(code => code.Ldtilecfg(new Address(Register.R8)), "ldtilecfg [r8]");
        Check(code => code.Tilerelease(), "tilerelease");
    }

    [Fact]
    public void Kernels_change_only_registers_that_a_caller_expects_to_be_changed()
    {
        string[] kept = ["rbx", "rbp", "rsp", "r12", "r13", "r14", "r15"];
        var information = new InstructionInfoFactory();
        byte[][] kernels =
        [
            DotProductKernel.Create().Code, TileKernel.Create(split: false).Code, TileKernel.Create(split: true).Code,
            HalfWideningKernel.Emit(),
        ];
        foreach (var instruction in kernels.SelectMany(Decode).Where(i => i.Mnemonic != Mnemonic.Ret))
        {
            foreach (var used in information.GetInfo(instruction).GetUsedRegisters())
            {
                Assert.DoesNotContain(used.Register.GetFullRegister().ToString().ToLowerInvariant(), kept);
            }
        }
    }

    internal static List<Instruction> Decode(byte[] code)
    {
        var decoder = Decoder.Create(64, code);
        var instructions = new List<Instruction>();
        while (decoder.IP < (ulong)code.Length)
        {
            instructions.Add(decoder.Decode());
            Assert.False(instructions[^1].IsInvalid, $"No instruction can be read at byte {instructions[^1].IP}.");
        }

        return instructions;
    }

    private static void Check(Action<Assembler> emit, string expected)
    {
        var code = new Assembler();
        emit(code);
        Assert.Equal(expected, Assert.Single(Decode(code.ToArray())).ToString());
    }

    private static string Name(Register register) => register.ToString().ToLowerInvariant();

    private static string Name32(Register register) => register >= Register.R8 ? Name(register) + "d" : "e" + Name(register)[1..];
}
