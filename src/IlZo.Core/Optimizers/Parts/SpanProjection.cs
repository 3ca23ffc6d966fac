namespace IlZo.Optimizers;

/// <summary>The vector of a span that has given products with the vectors it is the span of.</summary>
internal static class SpanProjection
{
    // Of the square of a vector, what may be left of it outside the span of those before it, where it counts as one of that span: Gram
    // matrices are sums of products in fp32.
    private const double Least = 1e-5;

    /// <summary>
    /// Solves Gα = y by LDLᵀ. A vector that lies in the span of those before it adds nothing: its coefficient is 0, and what was measured
    /// along it is left out.
    /// </summary>
    /// <param name="gram">G, the vectors' products [i][j]; the part with j ≤ i is read.</param>
    /// <param name="y">The product of the projected vector with each.</param>
    /// <param name="dimension">That of the space they are in: more of them do not span more of it.</param>
    /// <returns>α, and the dimension of the span.</returns>
    public static (double[] Coefficients, int Dimension) Solve(double[][] gram, ReadOnlySpan<double> y, long dimension)
    {
        int count = y.Length;
        double[][] l = [.. Enumerable.Range(0, count).Select(_ => new double[count])];
        double[] d = new double[count];
        double[] forward = new double[count];
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            (d[i], forward[i]) = (gram[i][i], y[i]);
            for (int j = 0; j < i; j++)
            {
                double sum = gram[i][j];
                for (int k = 0; k < j; k++)
                {
                    sum -= l[i][k] * l[j][k] * d[k];
                }

                l[i][j] = d[j] == 0 ? 0 : sum / d[j];
                d[i] -= l[i][j] * l[i][j] * d[j];
                forward[i] -= l[i][j] * forward[j];
            }

            if (d[i] <= Least * gram[i][i] || kept == dimension)
            {
                (d[i], forward[i]) = (0, 0);
            }
            else
            {
                kept++;
            }
        }

        double[] alpha = new double[count];
        for (int i = count - 1; i >= 0; i--)
        {
            alpha[i] = d[i] == 0 ? 0 : forward[i] / d[i];
            for (int j = i + 1; j < count; j++)
            {
                alpha[i] -= d[i] == 0 ? 0 : l[j][i] * alpha[j];
            }
        }

        return (alpha, kept);
    }
}
