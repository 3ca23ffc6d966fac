namespace IlZo.Ptx.Instructions;

/// <summary>
/// wgmma, the products of Hopper's tensor cores that four warps compute together, of matrices in shared memory. A register of a product
/// can be used after the wait for its group.
/// </summary>
internal static class WarpgroupInstructions
{
    public static void AddTo(Dictionary<string, Func<Operands, Step>> set)
    {
        for (int columns = 8; columns <= 256; columns += 8)
        {
            Product(set, $"wgmma.mma_async.sync.aligned.m64n{columns}k16.f32.f16.f16", columns, Bits.OfHalf);
            Product(set, $"wgmma.mma_async.sync.aligned.m64n{columns}k16.f32.bf16.bf16", columns, Bits.OfBFloat16);
        }

        // What threads have written to shared memory is there at once.
        set.Add("fence.proxy.async.shared::cta", o => Order(o, 0, (_, _) => { }));
        set.Add("wgmma.fence.sync.aligned", o => Order(o, 0, (products, _) => products.Fence()));
        set.Add("wgmma.commit_group.sync.aligned", o => Order(o, 0, (products, _) => products.Commit()));
        set.Add("wgmma.wait_group.sync.aligned", o => Order(o, 1, (products, except) => products.Wait(except)));
    }

    private static void Product(Dictionary<string, Func<Operands, Step>> set, string name, int columns, Func<uint, float> convert) =>
        set.Add(name, o =>
        {
            o.Require(8);
            int[] rows = [.. o.Destinations(0, PtxType.F32, FragmentSums.Registers(columns)).Select(d => d.Row)];
            if (rows.Distinct().Count() != rows.Length)
            {
                throw o.Error("a register is written twice");
            }

            int sign = Sign(o, 4) * Sign(o, 5);
            if (o.Constant(6) != 0 || o.Constant(7) != 0)
            {
                throw o.Error("only matrices that are not transposed are known");
            }

            var product = new WarpgroupProduct(name, rows, convert, sign);
            return new ProductStep(product, o.Register(1, PtxType.B64), o.Register(2, PtxType.B64), o.Register(3, PtxType.Pred));
        });

    private static int Sign(Operands o, int index) => o.Constant(index) is var sign and (1 or -1)
        ? sign
        : throw o.Error("matrices are scaled by 1 or -1");

    private static OrderStep Order(Operands o, int count, Action<WarpgroupProducts, int> action)
    {
        o.Require(count);
        int except = count == 0 ? 0 : o.Constant(0);
        return except >= 0 ? new OrderStep(action, except) : throw o.Error("a number of groups was expected");
    }

    /// <summary>An instruction that all warps of a warpgroup execute, each by itself.</summary>
    private abstract class WarpgroupStep : Step
    {
        public sealed override bool IsWarpWide => true;

        public sealed override void Execute(PtxWarp warp, uint lanes)
        {
            if (!warp.IsOfWarpgroup)
            {
                throw new PtxException("Four warps are a warpgroup, the group ends before the fourth.");
            }

            Execute(warp);
        }

        protected abstract void Execute(PtxWarp warp);
    }

    private sealed class ProductStep(WarpgroupProduct product, int a, int b, int adds) : WarpgroupStep
    {
        protected override void Execute(PtxWarp warp) => warp.Products.Start(
            product, new SharedMatrix(Common(warp, a)), new SharedMatrix(Common(warp, b)), (Common(warp, adds) & 1) != 0);

        private static ulong Common(PtxWarp warp, int row) => warp.Row(row).ContainsAnyExcept(warp[row, 0])
            ? throw new PtxException("The threads of a warp have different descriptors or predicates.")
            : warp[row, 0];
    }

    private sealed class OrderStep(Action<WarpgroupProducts, int> action, int except) : WarpgroupStep
    {
        protected override void Execute(PtxWarp warp) => action(warp.Products, except);
    }
}
