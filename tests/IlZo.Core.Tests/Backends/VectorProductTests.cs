using IlZo.Backends.Cpu;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>The product with one token adds up in a stated order, which no width of vectors changes.</summary>
public sealed unsafe class VectorProductTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(200)]
    public void A_row_is_64_sums_that_are_halved(int columns)
    {
        var (parameters, x) = Operands(3, columns);
        using (parameters)
        {
            float[] y = new float[3];
            fixed (float* from = x, to = y)
            {
                VectorProduct.Multiply(parameters.All[0], 0, 3, new VectorRows(from, columns), new VectorRows(to, 3), 1);
            }

            for (int row = 0; row < 3; row++)
            {
                float* w = (float*)parameters.All[0].At(row, 0);
                float[] sums = new float[64];
                for (int k = 0; k < columns / 64 * 64; k++)
                {
                    sums[k % 64] = float.FusedMultiplyAdd(w[k], x[k], sums[k % 64]);
                }

                for (int half = 32; half > 0; half /= 2)
                {
                    for (int i = 0; i < half; i++)
                    {
                        sums[i] += sums[i + half];
                    }
                }

                for (int k = columns / 64 * 64; k < columns; k++)
                {
                    sums[0] += w[k] * x[k];
                }

                Assert.Equal(sums[0], y[row]);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(33)]
    [InlineData(100)]
    public void Rows_that_are_inputs_are_added_in_their_order(int columns)
    {
        var (parameters, x) = Operands(7, columns);
        using (parameters)
        {
            float[] y = new float[columns];
            fixed (float* from = x, to = y)
            {
                VectorProduct.AddTransposed(parameters.All[0], 0, 7, new VectorRows(from, 7), new VectorRows(to, columns), 1);
            }

            for (int column = 0; column < columns; column++)
            {
                float sum = 0;
                for (int row = 0; row < 7; row++)
                {
                    sum = float.FusedMultiplyAdd(*(float*)parameters.All[0].At(row, column), x[row], sum);
                }

                Assert.Equal(sum, y[column]);
            }
        }
    }

    [Theory]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(200)]
    [InlineData(2100)]
    public void A_token_has_the_sums_that_it_has_alone(int columns)
    {
        const int Rows = 9;
        var (parameters, _) = Operands(Rows, columns);
        using (parameters)
        {
            var weight = parameters.All[0];
            var random = new Random(3);
            int longer = Math.Max(Rows, columns);
            foreach (int tokens in (int[])[.. Enumerable.Range(1, 9), 17])
            {
                float[] x = [.. Enumerable.Range(0, tokens * longer).Select(_ => random.NextSingle() - 0.5f)];
                float[] together = new float[2 * tokens * longer];
                float[] alone = new float[2 * tokens * longer];
                fixed (float* from = x, to = together, one = alone)
                {
                    var inputs = new VectorRows(from, longer);
                    VectorProduct.Multiply(weight, 0, Rows, inputs, new VectorRows(to, longer), tokens);
                    VectorProduct.AddTransposed(weight, 0, Rows, inputs, new VectorRows(to + (tokens * longer), longer), tokens);
                    for (int token = 0; token < tokens; token++)
                    {
                        var input = new VectorRows(inputs[token], longer);
                        VectorProduct.Multiply(weight, 0, Rows, input, new VectorRows(one + (token * longer), 0), 1);
                        VectorProduct.AddTransposed(weight, 0, Rows, input, new VectorRows(one + ((tokens + token) * longer), 0), 1);
                    }
                }

                Assert.Equal(alone, together);
            }
        }
    }

    private static (ParameterSet Parameters, float[] X) Operands(int rows, int columns)
    {
        var random = new Random(columns);
        var memory = new NativeBuffer((long)rows * columns * sizeof(float));
        var parameters = new ParameterSet([new Parameter("w", [rows, columns], DType.F32, memory.Data)], [memory]);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                ((float*)parameters.All[0].At(row, 0))[column] = random.NextSingle() - 0.5f;
            }
        }

        return (parameters, [.. Enumerable.Range(0, Math.Max(rows, columns)).Select(_ => random.NextSingle() - 0.5f)]);
    }
}
