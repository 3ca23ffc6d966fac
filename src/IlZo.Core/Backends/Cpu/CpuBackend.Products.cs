namespace IlZo.Backends.Cpu;

public sealed unsafe partial class CpuBackend
{
    // Packs an activation where the engine wants it packed; every block of weights then reads the result.
    private PanelOperand RentOperand(CpuActivation x)
    {
        long panelBytes = _products.PackedPanelBytes(x.Features);
        if (panelBytes == 0)
        {
            return new PanelOperand(x, null, 0);
        }

        float* packed = _arena.Rent(panelBytes * x.AllPanels);
        var operand = new PanelOperand(x, packed, panelBytes);
        _pool.Run(x.AllPanels, new PackWork(_products, x, operand));
        return operand;
    }

    private void ReturnOperand(PanelOperand operand)
    {
        if (operand.Packed != null)
        {
            _arena.Return(operand.Packed, operand.PackedBytes);
        }
    }

    private readonly struct PackWork(ProductEngine products, CpuActivation x, PanelOperand operand) : IWork
    {
        public void Do(int item, int worker) => products.PackPanel(x.At(item), x.Features, operand.At(item));
    }
}
