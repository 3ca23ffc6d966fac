using static IlZo.Backends.Cpu.Emitted.PanelArguments;
using static IlZo.Backends.Cpu.Emitted.Register;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>
/// Y[12 rows][32] += W · X in bfloat16 with fp32 sums by VDPBF16PS (AVX512_BF16: Zen 4 and later, Cooper Lake and later).
/// <code>
///                     X: one pair of features      zmm24 tokens 0–15   zmm25 tokens 16–31     lane t = (x[2k][t], x[2k+1][t])
/// W: one pair of columns, broadcast
///   row 0   zmm26  =  (w[0][2k], w[0][2k+1])       zmm0                zmm1                   lane t += w·x
///   row 1   zmm27                                  zmm2                zmm3
///   …                                              …                   …
///   row 11                                         zmm22               zmm23
///
/// rdi arguments   rcx rows of the group   r8 W, one pair further each round   r9 X, likewise   r10 Y   rax columns left   r11 groups left
/// </code>
/// </summary>
internal static unsafe class DotProductKernel
{
    private const int Rows = 12;
    private const int Vectors = Rows * 2;
    private const int Broadcasts = 6;
    private const int RowResultBytes = Panel.Lanes * sizeof(float);
    private const int VectorBytes = 64;

    public static PanelKernel Create()
    {
        var layout = new BFloat16Layout(IsSplit: false);
        return new PanelKernel("VDPBF16PS", Rows, layout, NeedsTiles: false, Emit(layout), Multiply);
    }

    private static byte[] Emit(BFloat16Layout layout)
    {
        var code = new Assembler();
        code.Mov(Rcx, new Address(Rdi, WeightsOffset));
        code.Mov(R10, new Address(Rdi, ResultOffset));
        code.Mov(R11, new Address(Rdi, GroupsOffset));
        int group = code.Position;
        code.Mov(R8, Rcx);
        code.Mov(R9, new Address(Rdi, ActivationsOffset));
        code.Mov(Rax, new Address(Rdi, ColumnsOffset));
        for (int v = 0; v < Vectors; v++)
        {
            code.VmovupsLoad(v, new Address(R10, v * VectorBytes));
        }

        int pair = code.Position;
        code.VmovupsLoad(Vectors, new Address(R9));
        code.VmovupsLoad(Vectors + 1, new Address(R9, VectorBytes));
        for (int row = 0; row < Rows; row++)
        {
            int w = Vectors + 2 + (row % Broadcasts);
            code.Vbroadcastss(w, new Address(R8, row * layout.RowBytes));
            code.Vdpbf16ps(2 * row, w, Vectors);
            code.Vdpbf16ps((2 * row) + 1, w, Vectors + 1);
        }

        code.Add(R8, 2 * sizeof(ushort));
        code.Add(R9, layout.PairBytes);
        code.Sub(Rax, 2);
        code.Jnz(pair);
        for (int v = 0; v < Vectors; v++)
        {
            code.VmovupsStore(new Address(R10, v * VectorBytes), v);
        }

        code.Add(Rcx, Rows * layout.RowBytes);
        code.Add(R10, Rows * RowResultBytes);
        code.Sub(R11, 1);
        code.Jnz(group);
        code.Vzeroupper();
        code.Ret();
        return code.ToArray();
    }

    // The second of a pair comes first, and each product is added with one rounding; subnormal numbers count as zero.
    private static void Multiply(PanelArguments a)
    {
        var layout = new BFloat16Layout(IsSplit: false);
        for (long row = 0; row < a.Groups * Rows; row++)
        {
            ushort* w = (ushort*)(a.Weights + (row * layout.RowBytes));
            for (int token = 0; token < Panel.Lanes; token++)
            {
                float sum = a.Result[(row * Panel.Lanes) + token];
                for (long k = 0; k < a.Columns; k += 2)
                {
                    ushort* x = (ushort*)(a.Activations + (k / 2 * layout.PairBytes)) + (2 * token);
                    sum = FlushedArithmetic.MultiplyAdd(w[k + 1], x[1], sum);
                    sum = FlushedArithmetic.MultiplyAdd(w[k], x[0], sum);
                }

                a.Result[(row * Panel.Lanes) + token] = sum;
            }
        }
    }
}
