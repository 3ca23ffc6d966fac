using IlZo.Arithmetic;
using IlZo.Tensors;

namespace IlZo.Core.Tests.Models;

/// <summary>The elements of a tensor, whatever they are stored as.</summary>
internal static unsafe class StoredNumbers
{
    /// <summary>All of them as fp32, row after row.</summary>
    public static float[] Of(Parameter parameter)
    {
        float[] all = new float[parameter.Count];
        fixed (float* to = all)
        {
            for (int row = 0; row < parameter.Rows; row++)
            {
                Widening.Read(parameter, row, 0, to + ((long)row * parameter.Columns), parameter.Columns);
            }
        }

        return all;
    }
}
