using IlZo.Noise;
using ILGPU;

namespace IlZo.Kernels;

/// <summary>The factor U of <see cref="LowRank{TLeft}"/>.</summary>
public interface ILeftFactor
{
    /// <summary>Element k of a row of U.</summary>
    float At(Term term, int row, int k);
}

/// <summary>Standard normal numbers: the first ones of a noise group for each row.</summary>
/// <param name="table">The cubics of <see cref="NormalTransform"/>.</param>
public readonly struct FreshLeft(ArrayView<Quad> table) : ILeftFactor
{
    private readonly ArrayView<Quad> _table = table;

    // Where the group has number k: the inverse of NoiseWords.Column.
    public float At(Term term, int row, int k)
    {
        var words = term.Noise.Words(new NoiseBlock(row, 0, k % 16 / 2, NoiseField.Group));
        return NormalDirection.Deviate(words.Bits((k % 2) + (k / 16 * 2)), _table);
    }
}

/// <summary>Numbers that are kept, [term, row, k].</summary>
public readonly struct KeptLeft(ArrayView<float> numbers, int rows, int rank) : ILeftFactor
{
    private readonly ArrayView<float> _numbers = numbers;
    private readonly int _rows = rows;
    private readonly int _rank = rank;

    public float At(Term term, int row, int k) => _numbers[((((long)term.Number * _rows) + row) * _rank) + k];
}

/// <summary>U Vᵀ: <see cref="IlZo.Perturbations.LowRankDirection"/>.</summary>
/// <param name="left">U.</param>
/// <param name="right">V, [k, column].</param>
/// <param name="rank">Columns of U and V.</param>
/// <param name="columns">The tensor's columns.</param>
public readonly struct LowRank<TLeft>(TLeft left, ArrayView<float> right, int rank, int columns) : IDirection
    where TLeft : struct, ILeftFactor
{
    private readonly TLeft _left = left;
    private readonly ArrayView<float> _right = right;
    private readonly int _rank = rank;
    private readonly int _columns = columns;

    public static bool IsPerturbed => true;

    public static bool ReadsWeights => false;

    public Eight Elements(Term term, NoiseBlock block, Eight weights)
    {
        var sum = Eight.Of(new First(block, _right, _left.At(term, block.Row, 0)));
        for (int k = 1; k < _rank; k++)
        {
            var column = _right.SubView((long)k * _columns, _columns);
            sum = Eight.Of(new Next(sum, block, column, _left.At(term, block.Row, k)));
        }

        return sum;
    }

    private readonly struct First(NoiseBlock block, ArrayView<float> column, float left) : IElements
    {
        private readonly NoiseBlock _block = block;
        private readonly ArrayView<float> _column = column;
        private readonly float _left = left;

        public float At(int index) => _block.Has(index) ? _column[_block.Column(index)] * _left : 0;
    }

    private readonly struct Next(Eight sum, NoiseBlock block, ArrayView<float> column, float left) : IElements
    {
        private readonly Eight _sum = sum;
        private readonly NoiseBlock _block = block;
        private readonly ArrayView<float> _column = column;
        private readonly float _left = left;

        public float At(int index) =>
            _block.Has(index) ? DeviceMath.FusedMultiplyAdd(_column[_block.Column(index)], _left, _sum.At(index)) : 0;
    }
}
