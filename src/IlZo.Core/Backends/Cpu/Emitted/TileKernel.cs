using static IlZo.Backends.Cpu.Emitted.PanelArguments;
using static IlZo.Backends.Cpu.Emitted.Register;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>
/// Y[32 rows][32] += W · X in bfloat16 with fp32 sums on the matrix unit (Intel AMX: TDPBF16PS), by 2 × 2 tiles of 16 × 16 results. In the
/// split layout (bf16x3) W·X is Wh·Xl + Wh·Xh + Wl·Xh: what it leaves out, Wl·Xl, is 2⁻¹⁶ of the result.
/// <code>
///                                 X: 32 columns, 16 pairs      tmm6 tokens 0–15    tmm7 tokens 16–31     16 rows of 16 pairs
/// W: 16 rows × 32 columns
///   rows  0–15   tmm4                                          tmm0                tmm1                  Y, 16 × 16 fp32 each
///   rows 16–31   tmm5                                          tmm2                tmm3
///
/// rdi arguments   rdx rows of the group   r8 W, 32 columns further each round   r9 X, likewise   r10 Y
/// rax columns left   r11 groups left
/// rsi bytes from row to row of W   rcx those of Y before and after a sum, those of X during it
/// </code>
/// The shapes of the tiles are loaded at the beginning and given back at the end: no tile state outlives a call.
/// </summary>
internal static unsafe class TileKernel
{
    private const int Rows = 32;
    private const int TileRows = 16;
    private const int TileBytes = 64;
    private const int RowResultBytes = Panel.Lanes * sizeof(float);
    private const int W0 = 4;
    private const int W1 = 5;
    private const int X0 = 6;
    private const int X1 = 7;

    /// <summary>Palette 1 with eight tiles of 16 rows of 64 bytes, as <c>LDTILECFG</c> reads it.</summary>
    public static byte[] Shapes()
    {
        byte[] shapes = new byte[64];
        shapes[0] = 1;
        for (int tile = 0; tile < 8; tile++)
        {
            shapes[16 + (2 * tile)] = TileBytes;
            shapes[48 + tile] = TileRows;
        }

        return shapes;
    }

    /// <param name="split">Whether the operands are split in halves (bf16x3).</param>
    public static PanelKernel Create(bool split)
    {
        var layout = new BFloat16Layout(split);
        return new PanelKernel(
            split ? "TDPBF16PS, bf16x3" : "TDPBF16PS, bf16", Rows, layout, NeedsTiles: true, Emit(layout),
            split ? MultiplySplit : MultiplyPlain);
    }

    private static byte[] Emit(BFloat16Layout layout)
    {
        var code = new Assembler();
        code.Mov(Rax, new Address(Rdi, TileShapesOffset));
        code.Ldtilecfg(new Address(Rax));
        code.Mov(Rdx, new Address(Rdi, WeightsOffset));
        code.Mov(R10, new Address(Rdi, ResultOffset));
        code.Mov(R11, new Address(Rdi, GroupsOffset));
        code.Mov(Rsi, (uint)layout.RowBytes);
        int group = code.Position;
        code.Mov(R8, Rdx);
        code.Mov(R9, new Address(Rdi, ActivationsOffset));
        code.Mov(Rax, new Address(Rdi, ColumnsOffset));
        code.Mov(Rcx, RowResultBytes);
        for (int tile = 0; tile < 4; tile++)
        {
            code.Tileloadd(tile, Result(tile));
        }

        code.Mov(Rcx, (uint)layout.PairBytes);
        int columns = code.Position;
        LoadWeights(code, layout, 0);
        if (layout.IsSplit)
        {
            LoadActivations(code, BFloat16Layout.LowPairOffset);
            Products(code);
        }

        LoadActivations(code, 0);
        Products(code);
        if (layout.IsSplit)
        {
            LoadWeights(code, layout, BFloat16Layout.LowRowOffset);
            Products(code);
        }

        code.Add(R8, BFloat16Layout.ColumnGroup * sizeof(ushort));
        code.Add(R9, BFloat16Layout.ColumnGroup / 2 * layout.PairBytes);
        code.Sub(Rax, BFloat16Layout.ColumnGroup);
        code.Jnz(columns);
        code.Mov(Rcx, RowResultBytes);
        for (int tile = 0; tile < 4; tile++)
        {
            code.Tilestored(Result(tile), tile);
        }

        code.Add(Rdx, Rows * layout.RowBytes);
        code.Add(R10, Rows * RowResultBytes);
        code.Sub(R11, 1);
        code.Jnz(group);
        code.Tilerelease();
        code.Ret();
        return code.ToArray();
    }

    private static Address Result(int tile) => new(R10, (tile / 2 * TileRows * RowResultBytes) + (tile % 2 * TileBytes), Rcx);

    private static void LoadWeights(Assembler code, BFloat16Layout layout, int offset)
    {
        code.Tileloadd(W0, new Address(R8, offset, Rsi));
        code.Tileloadd(W1, new Address(R8, offset + (TileRows * layout.RowBytes), Rsi));
    }

    private static void LoadActivations(Assembler code, int offset)
    {
        code.Tileloadd(X0, new Address(R9, offset, Rcx));
        code.Tileloadd(X1, new Address(R9, offset + TileBytes, Rcx));
    }

    private static void Products(Assembler code)
    {
        code.Tdpbf16ps(0, W0, X0);
        code.Tdpbf16ps(1, W0, X1);
        code.Tdpbf16ps(2, W1, X0);
        code.Tdpbf16ps(3, W1, X1);
    }

    private static void MultiplyPlain(PanelArguments a) => Multiply(a, new BFloat16Layout(IsSplit: false), [(0, 0)]);

    private static void MultiplySplit(PanelArguments a) => Multiply(
        a,
        new BFloat16Layout(IsSplit: true),
        [(0, BFloat16Layout.LowPairOffset), (0, 0), (BFloat16Layout.LowRowOffset, 0)]);

    // Each TDPBF16PS sums the first and the second numbers of its 16 pairs apart, then both, and adds that to the accumulator.
    private static void Multiply(PanelArguments a, BFloat16Layout layout, ReadOnlySpan<(int W, int X)> products)
    {
        for (long row = 0; row < a.Groups * Rows; row++)
        {
            for (int token = 0; token < Panel.Lanes; token++)
            {
                float sum = a.Result[(row * Panel.Lanes) + token];
                for (long column = 0; column < a.Columns; column += BFloat16Layout.ColumnGroup)
                {
                    foreach (var (wOffset, xOffset) in products)
                    {
                        ushort* w = (ushort*)(a.Weights + (row * layout.RowBytes) + wOffset) + column;
                        byte* x = a.Activations + (column / 2 * layout.PairBytes) + xOffset + (token * 2 * sizeof(ushort));
                        sum = FlushedArithmetic.Add(sum, DotProduct(w, x, layout.PairBytes));
                    }
                }

                a.Result[(row * Panel.Lanes) + token] = sum;
            }
        }
    }

    private static float DotProduct(ushort* w, byte* x, int pairBytes)
    {
        float first = 0;
        float second = 0;
        for (int pair = 0; pair < TileRows; pair++, w += 2, x += pairBytes)
        {
            first = FlushedArithmetic.MultiplyAdd(w[0], ((ushort*)x)[0], first);
            second = FlushedArithmetic.MultiplyAdd(w[1], ((ushort*)x)[1], second);
        }

        return FlushedArithmetic.Add(first, second);
    }
}
