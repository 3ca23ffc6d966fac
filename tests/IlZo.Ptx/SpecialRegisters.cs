namespace IlZo.Ptx;

/// <summary>The size of a launch in threads and groups, and the place of a group in it.</summary>
/// <param name="Grid">Groups in three dimensions.</param>
/// <param name="Group">Threads of a group, in one dimension.</param>
/// <param name="DynamicSharedBytes">Shared memory that the launch asks for.</param>
public sealed record PtxLaunch((int X, int Y, int Z) Grid, int Group, int DynamicSharedBytes);

/// <summary>The registers that say which thread this is. They are the first rows of every register file.</summary>
internal static class SpecialRegisters
{
    private static readonly Dictionary<string, Func<PtxLaunch, (int X, int Y, int Z), int, int>> s_values = new()
    {
        ["%laneid"] = (_, _, thread) => thread % PtxWarp.Size,
        ["%warpid"] = (_, _, thread) => thread / PtxWarp.Size,
        ["%tid.x"] = (_, _, thread) => thread,
        ["%tid.y"] = (_, _, _) => 0,
        ["%tid.z"] = (_, _, _) => 0,
        ["%ntid.x"] = (launch, _, _) => launch.Group,
        ["%ntid.y"] = (_, _, _) => 1,
        ["%ntid.z"] = (_, _, _) => 1,
        ["%ctaid.x"] = (_, group, _) => group.X,
        ["%ctaid.y"] = (_, group, _) => group.Y,
        ["%ctaid.z"] = (_, group, _) => group.Z,
        ["%nctaid.x"] = (launch, _, _) => launch.Grid.X,
        ["%nctaid.y"] = (launch, _, _) => launch.Grid.Y,
        ["%nctaid.z"] = (launch, _, _) => launch.Grid.Z,
        ["%dynamic_smem_size"] = (launch, _, _) => launch.DynamicSharedBytes,
    };

    public static int Count => s_values.Count;

    /// <summary>A scope with their names.</summary>
    public static PtxScope Scope()
    {
        var scope = new PtxScope(null);
        int row = 0;
        foreach (string name in s_values.Keys)
        {
            scope.Add(name, new RegisterSymbol(PtxType.U32, row++, IsReadOnly: true));
        }

        return scope;
    }

    /// <summary>Sets them for a warp of a group.</summary>
    public static void Set(PtxWarp warp, PtxLaunch launch, (int X, int Y, int Z) group, int firstThread)
    {
        int row = 0;
        foreach (var value in s_values.Values)
        {
            for (int lane = 0; lane < PtxWarp.Size; lane++)
            {
                warp[row, lane] = (ulong)value(launch, group, firstThread + lane);
            }

            row++;
        }
    }
}
